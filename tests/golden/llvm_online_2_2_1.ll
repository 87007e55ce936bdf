; state 0: W1[1,1]
; state 1: W1[1,2]
; state 2: W1[2,1]
; state 3: W1[2,2]
; state 4: b1[1]
; state 5: b1[2]
; state 6: W2[1,1]
; state 7: W2[1,2]
; state 8: b2[1]
; example 0: x[1]
; example 1: x[2]
; example 2: t[1]
; given 0: rate
define void @run(ptr noalias %state, ptr noalias readonly %examples, ptr noalias readonly %given, i64 %rows, i64 %first, i64 %updates) {
entry:
  %some = icmp sgt i64 %updates, 0
  br i1 %some, label %begin, label %end
begin:
  %given.at0 = getelementptr double, ptr %given, i64 0
  %g0 = load double, ptr %given.at0
  %before.at0 = getelementptr double, ptr %state, i64 0
  %i0 = load double, ptr %before.at0
  %before.at1 = getelementptr double, ptr %state, i64 1
  %i1 = load double, ptr %before.at1
  %before.at2 = getelementptr double, ptr %state, i64 2
  %i2 = load double, ptr %before.at2
  %before.at3 = getelementptr double, ptr %state, i64 3
  %i3 = load double, ptr %before.at3
  %before.at4 = getelementptr double, ptr %state, i64 4
  %i4 = load double, ptr %before.at4
  %before.at5 = getelementptr double, ptr %state, i64 5
  %i5 = load double, ptr %before.at5
  %before.at6 = getelementptr double, ptr %state, i64 6
  %i6 = load double, ptr %before.at6
  %before.at7 = getelementptr double, ptr %state, i64 7
  %i7 = load double, ptr %before.at7
  %before.at8 = getelementptr double, ptr %state, i64 8
  %i8 = load double, ptr %before.at8
  br label %update
update:
  %n = phi i64 [ 0, %begin ], [ %n.next, %update ]
  %row = phi i64 [ %first, %begin ], [ %row.next, %update ]
  %s0 = phi double [ %i0, %begin ], [ %v56, %update ]
  %s1 = phi double [ %i1, %begin ], [ %v57, %update ]
  %s2 = phi double [ %i2, %begin ], [ %v58, %update ]
  %s3 = phi double [ %i3, %begin ], [ %v59, %update ]
  %s4 = phi double [ %i4, %begin ], [ %v62, %update ]
  %s5 = phi double [ %i5, %begin ], [ %v63, %update ]
  %s6 = phi double [ %i6, %begin ], [ %v68, %update ]
  %s7 = phi double [ %i7, %begin ], [ %v69, %update ]
  %s8 = phi double [ %i8, %begin ], [ %v71, %update ]
  %at = mul i64 %row, 3
  %example = getelementptr double, ptr %examples, i64 %at
  %x.at0 = getelementptr double, ptr %example, i64 0
  %x0 = load double, ptr %x.at0
  %x.at1 = getelementptr double, ptr %example, i64 1
  %x1 = load double, ptr %x.at1
  %x.at2 = getelementptr double, ptr %example, i64 2
  %x2 = load double, ptr %x.at2
  %v0 = fmul double 2.0, 0.5
  %v1 = fmul double %s0, %x0
  %v2 = fmul double %s1, %x1
  %v3 = fadd double %v1, %v2
  %v4 = fmul double %s2, %x0
  %v5 = fmul double %s3, %x1
  %v6 = fadd double %v4, %v5
  %v7 = fadd double %v3, %s4
  %v8 = fadd double %v6, %s5
  %v9 = call double @llvm.fabs.f64(double %v7)
  %v10 = fneg double %v9
  %v11 = call double @exp(double %v10)
  %v12 = fcmp oge double %v7, 0.0
  %v13 = select i1 %v12, double 1.0, double %v11
  %v14 = fadd double 1.0, %v11
  %v15 = fdiv double %v13, %v14
  %v16 = call double @llvm.fabs.f64(double %v8)
  %v17 = fneg double %v16
  %v18 = call double @exp(double %v17)
  %v19 = fcmp oge double %v8, 0.0
  %v20 = select i1 %v19, double 1.0, double %v18
  %v21 = fadd double 1.0, %v18
  %v22 = fdiv double %v20, %v21
  %v23 = fmul double %s6, %v15
  %v24 = fmul double %s7, %v22
  %v25 = fadd double %v23, %v24
  %v26 = fadd double %v25, %s8
  %v27 = call double @llvm.fabs.f64(double %v26)
  %v28 = fneg double %v27
  %v29 = call double @exp(double %v28)
  %v30 = fcmp oge double %v26, 0.0
  %v31 = select i1 %v30, double 1.0, double %v29
  %v32 = fadd double 1.0, %v29
  %v33 = fdiv double %v31, %v32
  %v34 = fsub double %x2, %v33
  %v35 = fmul double %v0, %v34
  %v36 = fneg double %v35
  %v37 = fsub double 1.0, %v33
  %v38 = fmul double %v33, %v37
  %v39 = fmul double %v36, %v38
  %v40 = fmul double %s6, %v39
  %v41 = fmul double %s7, %v39
  %v42 = fsub double 1.0, %v15
  %v43 = fsub double 1.0, %v22
  %v44 = fmul double %v15, %v42
  %v45 = fmul double %v22, %v43
  %v46 = fmul double %v40, %v44
  %v47 = fmul double %v41, %v45
  %v48 = fmul double %v46, %x0
  %v49 = fmul double %v46, %x1
  %v50 = fmul double %v47, %x0
  %v51 = fmul double %v47, %x1
  %v52 = fmul double %g0, %v48
  %v53 = fmul double %g0, %v49
  %v54 = fmul double %g0, %v50
  %v55 = fmul double %g0, %v51
  %v56 = fsub double %s0, %v52
  %v57 = fsub double %s1, %v53
  %v58 = fsub double %s2, %v54
  %v59 = fsub double %s3, %v55
  %v60 = fmul double %g0, %v46
  %v61 = fmul double %g0, %v47
  %v62 = fsub double %s4, %v60
  %v63 = fsub double %s5, %v61
  %v64 = fmul double %v39, %v15
  %v65 = fmul double %v39, %v22
  %v66 = fmul double %g0, %v64
  %v67 = fmul double %g0, %v65
  %v68 = fsub double %s6, %v66
  %v69 = fsub double %s7, %v67
  %v70 = fmul double %g0, %v39
  %v71 = fsub double %s8, %v70
  %row.up = add i64 %row, 1
  %wraps = icmp sge i64 %row.up, %rows
  %row.next = select i1 %wraps, i64 0, i64 %row.up
  %n.next = add i64 %n, 1
  %again = icmp slt i64 %n.next, %updates
  br i1 %again, label %update, label %finish
finish:
  %to0 = getelementptr double, ptr %state, i64 0
  store double %v56, ptr %to0
  %to1 = getelementptr double, ptr %state, i64 1
  store double %v57, ptr %to1
  %to2 = getelementptr double, ptr %state, i64 2
  store double %v58, ptr %to2
  %to3 = getelementptr double, ptr %state, i64 3
  store double %v59, ptr %to3
  %to4 = getelementptr double, ptr %state, i64 4
  store double %v62, ptr %to4
  %to5 = getelementptr double, ptr %state, i64 5
  store double %v63, ptr %to5
  %to6 = getelementptr double, ptr %state, i64 6
  store double %v68, ptr %to6
  %to7 = getelementptr double, ptr %state, i64 7
  store double %v69, ptr %to7
  %to8 = getelementptr double, ptr %state, i64 8
  store double %v71, ptr %to8
  br label %end
end:
  ret void
}
declare double @exp(double)
declare double @llvm.fabs.f64(double)
