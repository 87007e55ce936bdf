define internal void @begin(ptr %arena, ptr %table) #0 {
entry:
  %v1 = getelementptr double, ptr %arena, i64 8
  %v2 = load <2 x double>, ptr %v1, align 8
  %v3 = load <2 x double>, ptr %arena, align 8
  %v4 = load ptr, ptr %table, align 8
  %v5 = load double, ptr %v4, align 8
  %v6 = insertelement <2 x double> poison, double %v5, i32 0
  %v7 = shufflevector <2 x double> %v6, <2 x double> poison, <2 x i32> zeroinitializer
  %v8 = call <2 x double> @llvm.fmuladd.v2f64(<2 x double> %v7, <2 x double> %v3, <2 x double> %v2)
  %v9 = getelementptr double, ptr %arena, i64 2
  %v10 = load <2 x double>, ptr %v9, align 8
  %v11 = getelementptr double, ptr %v4, i64 1
  %v12 = load double, ptr %v11, align 8
  %v13 = insertelement <2 x double> poison, double %v12, i32 0
  %v14 = shufflevector <2 x double> %v13, <2 x double> poison, <2 x i32> zeroinitializer
  %v15 = call <2 x double> @llvm.fmuladd.v2f64(<2 x double> %v14, <2 x double> %v10, <2 x double> %v8)
  %v16 = getelementptr double, ptr %arena, i64 40
  store <2 x double> %v15, ptr %v16, align 8
  ret void
}
define internal void @forward(ptr %arena, ptr %table) #0 {
entry:
  %v1 = load ptr, ptr %table, align 8
  %v2 = load <2 x double>, ptr %v1, align 8
  %v3 = getelementptr ptr, ptr %table, i64 2
  %v4 = load ptr, ptr %v3, align 8
  %v5 = load <2 x double>, ptr %v4, align 8
  %v6 = fmul <2 x double> %v2, %v5
  %v7 = call <2 x double> @llvm.fmuladd.v2f64(<2 x double> %v2, <2 x double> %v5, <2 x double> splat (double 0.0))
  %v8 = extractelement <2 x double> %v7, i32 0
  %v9 = extractelement <2 x double> %v7, i32 1
  %v10 = fadd double %v8, %v9
  %v11 = fadd double %v10, 1.0
  %v12 = getelementptr double, ptr %arena, i64 112
  store double %v11, ptr %v12, align 8
  %v13 = getelementptr double, ptr %arena, i64 32
  %v14 = load double, ptr %v13, align 8
  %v15 = getelementptr double, ptr %arena, i64 16
  %v16 = load double, ptr %v15, align 8
  %v17 = fmul double %v14, %v16
  %v18 = load double, ptr %v12, align 8
  %v19 = fmul double %v17, %v18
  %v20 = getelementptr double, ptr %v15, i64 1
  %v21 = load double, ptr %v20, align 8
  %v22 = fmul double %v14, %v21
  %v23 = fmul double %v22, %v18
  %v24 = getelementptr double, ptr %arena, i64 120
  store double %v19, ptr %v24, align 8
  %v25 = getelementptr double, ptr %v24, i64 1
  store double %v23, ptr %v25, align 8
  %v26 = getelementptr double, ptr %arena, i64 40
  %v27 = load <2 x double>, ptr %v26, align 8
  %v28 = call <2 x double> @llvm.fmuladd.v2f64(<2 x double> %v27, <2 x double> splat (double -1.4426950408889634), <2 x double> splat (double 6755399441055744.0))
  %v29 = fsub <2 x double> %v28, splat (double 6755399441055744.0)
  %v30 = call <2 x double> @llvm.fabs.v2f64(<2 x double> %v27)
  %v31 = fcmp ogt <2 x double> %v30, splat (double 707.5)
  %v32 = fcmp olt <2 x double> %v27, splat (double 0.0)
  %v33 = select <2 x i1> %v32, <2 x double> splat (double 0x7FF0000000000000), <2 x double> splat (double 0.0)
  %v34 = bitcast <2 x double> %v28 to <2 x i64>
  %v35 = sub <2 x i64> %v34, splat (i64 4843621399236968448)
  %v36 = add <2 x i64> %v35, splat (i64 1023)
  %v37 = shl <2 x i64> %v36, splat (i64 52)
  %v38 = bitcast <2 x i64> %v37 to <2 x double>
  %v39 = select <2 x i1> %v31, <2 x double> %v33, <2 x double> %v38
  %v40 = fneg <2 x double> %v27
  %v41 = call <2 x double> @llvm.fmuladd.v2f64(<2 x double> %v29, <2 x double> splat (double -0.6931467056274414), <2 x double> %v40)
  %v42 = call <2 x double> @llvm.fmuladd.v2f64(<2 x double> %v29, <2 x double> splat (double 0xBE9FDF473DE6AF28), <2 x double> %v41)
  %v43 = select <2 x i1> %v31, <2 x double> splat (double 1.0), <2 x double> %v42
  %v44 = fmul <2 x double> %v43, %v43
  %v45 = call <2 x double> @llvm.fmuladd.v2f64(<2 x double> splat (double 0.16666666666666669), <2 x double> %v43, <2 x double> splat (double 0.5000000000000001))
  %v46 = call <2 x double> @llvm.fmuladd.v2f64(<2 x double> splat (double 0.008333333333330039), <2 x double> %v43, <2 x double> splat (double 0.041666666666623824))
  %v47 = call <2 x double> @llvm.fmuladd.v2f64(<2 x double> splat (double 0.00019841269863171557), <2 x double> %v43, <2 x double> splat (double 0.0013888888917367081))
  %v48 = call <2 x double> @llvm.fmuladd.v2f64(<2 x double> splat (double 0x3EC71DE0D85293B8), <2 x double> %v43, <2 x double> splat (double 0x3EFA019B8CA26FCF))
  %v49 = call <2 x double> @llvm.fmuladd.v2f64(<2 x double> splat (double 0x3E5AF390BA7E6F47), <2 x double> %v43, <2 x double> splat (double 0x3E92891D4FFBB0F9))
  %v50 = call <2 x double> @llvm.fmuladd.v2f64(<2 x double> %v46, <2 x double> %v44, <2 x double> %v45)
  %v51 = call <2 x double> @llvm.fmuladd.v2f64(<2 x double> %v48, <2 x double> %v44, <2 x double> %v47)
  %v52 = fmul <2 x double> %v44, %v44
  %v53 = call <2 x double> @llvm.fmuladd.v2f64(<2 x double> %v51, <2 x double> %v52, <2 x double> %v50)
  %v54 = fmul <2 x double> %v52, %v52
  %v55 = call <2 x double> @llvm.fmuladd.v2f64(<2 x double> %v49, <2 x double> %v54, <2 x double> %v53)
  %v56 = call <2 x double> @llvm.fmuladd.v2f64(<2 x double> %v44, <2 x double> %v55, <2 x double> %v43)
  %v57 = fadd <2 x double> %v39, splat (double 1.0)
  %v58 = call <2 x double> @llvm.fmuladd.v2f64(<2 x double> %v39, <2 x double> %v56, <2 x double> %v57)
  %v59 = fdiv <2 x double> splat (double 1.0), %v58
  %v60 = fmul <2 x double> %v59, %v59
  %v61 = fneg <2 x double> %v59
  %v62 = call <2 x double> @llvm.fmuladd.v2f64(<2 x double> %v61, <2 x double> %v59, <2 x double> %v59)
  %v63 = load double, ptr %v13, align 8
  %v64 = insertelement <2 x double> poison, double %v63, i32 0
  %v65 = shufflevector <2 x double> %v64, <2 x double> poison, <2 x i32> zeroinitializer
  %v66 = fmul <2 x double> %v65, %v62
  %v67 = load <2 x double>, ptr %v15, align 8
  %v68 = fmul <2 x double> %v66, %v67
  %v69 = call <2 x double> @llvm.fmuladd.v2f64(<2 x double> %v59, <2 x double> %v59, <2 x double> %v61)
  %v70 = load <2 x double>, ptr %v24, align 8
  %v71 = fmul <2 x double> %v69, %v70
  %v72 = getelementptr ptr, ptr %table, i64 1
  %v73 = load ptr, ptr %v72, align 8
  %v74 = load double, ptr %v73, align 8
  %v75 = insertelement <2 x double> poison, double %v74, i32 0
  %v76 = shufflevector <2 x double> %v75, <2 x double> poison, <2 x i32> zeroinitializer
  %v77 = fmul <2 x double> %v76, %v71
  %v78 = getelementptr double, ptr %arena, i64 48
  store <2 x double> %v59, ptr %v78, align 8
  %v79 = getelementptr double, ptr %arena, i64 72
  store <2 x double> %v68, ptr %v79, align 8
  %v80 = getelementptr double, ptr %arena, i64 128
  store <2 x double> %v71, ptr %v80, align 8
  %v81 = getelementptr double, ptr %arena, i64 136
  store <2 x double> %v77, ptr %v81, align 8
  %v82 = getelementptr double, ptr %arena, i64 24
  %v83 = load double, ptr %v82, align 8
  %v84 = load double, ptr %v15, align 8
  %v85 = load double, ptr %v78, align 8
  %v86 = call double @llvm.fmuladd.f64(double %v85, double %v84, double %v83)
  %v87 = load double, ptr %v20, align 8
  %v88 = getelementptr double, ptr %v78, i64 1
  %v89 = load double, ptr %v88, align 8
  %v90 = call double @llvm.fmuladd.f64(double %v89, double %v87, double %v86)
  %v91 = call double @llvm.fmuladd.f64(double %v90, double -1.4426950408889634, double 6755399441055744.0)
  %v92 = fsub double %v91, 6755399441055744.0
  %v93 = call double @llvm.fabs.f64(double %v90)
  %v94 = fcmp ogt double %v93, 707.5
  %v95 = fcmp olt double %v90, 0.0
  %v96 = select i1 %v95, double 0x7FF0000000000000, double 0.0
  %v97 = bitcast double %v91 to i64
  %v98 = sub i64 %v97, 4843621399236968448
  %v99 = add i64 %v98, 1023
  %v100 = shl i64 %v99, 52
  %v101 = bitcast i64 %v100 to double
  %v102 = select i1 %v94, double %v96, double %v101
  %v103 = fneg double %v90
  %v104 = call double @llvm.fmuladd.f64(double %v92, double -0.6931467056274414, double %v103)
  %v105 = call double @llvm.fmuladd.f64(double %v92, double 0xBE9FDF473DE6AF28, double %v104)
  %v106 = select i1 %v94, double 1.0, double %v105
  %v107 = fmul double %v106, %v106
  %v108 = call double @llvm.fmuladd.f64(double 0.16666666666666669, double %v106, double 0.5000000000000001)
  %v109 = call double @llvm.fmuladd.f64(double 0.008333333333330039, double %v106, double 0.041666666666623824)
  %v110 = call double @llvm.fmuladd.f64(double 0.00019841269863171557, double %v106, double 0.0013888888917367081)
  %v111 = call double @llvm.fmuladd.f64(double 0x3EC71DE0D85293B8, double %v106, double 0x3EFA019B8CA26FCF)
  %v112 = call double @llvm.fmuladd.f64(double 0x3E5AF390BA7E6F47, double %v106, double 0x3E92891D4FFBB0F9)
  %v113 = call double @llvm.fmuladd.f64(double %v109, double %v107, double %v108)
  %v114 = call double @llvm.fmuladd.f64(double %v111, double %v107, double %v110)
  %v115 = fmul double %v107, %v107
  %v116 = call double @llvm.fmuladd.f64(double %v114, double %v115, double %v113)
  %v117 = fmul double %v115, %v115
  %v118 = call double @llvm.fmuladd.f64(double %v112, double %v117, double %v116)
  %v119 = call double @llvm.fmuladd.f64(double %v107, double %v118, double %v106)
  %v120 = fadd double %v102, 1.0
  %v121 = call double @llvm.fmuladd.f64(double %v102, double %v119, double %v120)
  %v122 = fdiv double 1.0, %v121
  %v123 = load ptr, ptr %v72, align 8
  %v124 = load double, ptr %v123, align 8
  %v125 = fsub double %v124, %v122
  %v126 = fmul double %v122, %v122
  %v127 = fneg double %v122
  %v128 = call double @llvm.fmuladd.f64(double %v127, double %v122, double %v122)
  %v129 = fsub double %v122, %v124
  %v130 = fmul double %v129, %v128
  %v131 = load double, ptr %v13, align 8
  %v132 = fmul double %v131, %v130
  %v133 = fneg double %v131
  %v134 = call double @llvm.fmuladd.f64(double %v133, double %v130, double %v83)
  %v135 = getelementptr double, ptr %arena, i64 56
  store double %v122, ptr %v135, align 8
  %v136 = getelementptr double, ptr %arena, i64 64
  store double %v125, ptr %v136, align 8
  %v137 = getelementptr double, ptr %arena, i64 80
  store double %v128, ptr %v137, align 8
  %v138 = getelementptr double, ptr %arena, i64 88
  store double %v130, ptr %v138, align 8
  %v139 = getelementptr double, ptr %arena, i64 104
  store double %v132, ptr %v139, align 8
  %v140 = getelementptr double, ptr %arena, i64 160
  store double %v134, ptr %v140, align 8
  %v141 = load double, ptr %v136, align 8
  %v142 = fmul double %v141, %v141
  %v143 = call double @llvm.fmuladd.f64(double %v141, double %v141, double 0.0)
  %v144 = fmul double 0.5, %v143
  %v145 = getelementptr double, ptr %arena, i64 144
  store double %v144, ptr %v145, align 8
  ret void
}
define internal void @update(ptr %arena, ptr %table) #0 {
entry:
  %v1 = getelementptr double, ptr %arena, i64 104
  %v2 = load double, ptr %v1, align 8
  %v3 = getelementptr double, ptr %arena, i64 48
  %v4 = load double, ptr %v3, align 8
  %v5 = fmul double %v2, %v4
  %v6 = getelementptr double, ptr %arena, i64 16
  %v7 = load double, ptr %v6, align 8
  %v8 = fneg double %v2
  %v9 = call double @llvm.fmuladd.f64(double %v8, double %v4, double %v7)
  %v10 = getelementptr double, ptr %v3, i64 1
  %v11 = load double, ptr %v10, align 8
  %v12 = fmul double %v2, %v11
  %v13 = getelementptr double, ptr %v6, i64 1
  %v14 = load double, ptr %v13, align 8
  %v15 = call double @llvm.fmuladd.f64(double %v8, double %v11, double %v14)
  store double %v9, ptr %v6, align 8
  store double %v15, ptr %v13, align 8
  %v16 = getelementptr double, ptr %arena, i64 8
  %v17 = load <2 x double>, ptr %v16, align 8
  %v18 = load <2 x double>, ptr %arena, align 8
  %v19 = getelementptr ptr, ptr %table, i64 2
  %v20 = load ptr, ptr %v19, align 8
  %v21 = load double, ptr %v20, align 8
  %v22 = insertelement <2 x double> poison, double %v21, i32 0
  %v23 = shufflevector <2 x double> %v22, <2 x double> poison, <2 x i32> zeroinitializer
  %v24 = call <2 x double> @llvm.fmuladd.v2f64(<2 x double> %v23, <2 x double> %v18, <2 x double> %v17)
  %v25 = getelementptr double, ptr %arena, i64 2
  %v26 = load <2 x double>, ptr %v25, align 8
  %v27 = getelementptr double, ptr %v20, i64 1
  %v28 = load double, ptr %v27, align 8
  %v29 = insertelement <2 x double> poison, double %v28, i32 0
  %v30 = shufflevector <2 x double> %v29, <2 x double> poison, <2 x i32> zeroinitializer
  %v31 = call <2 x double> @llvm.fmuladd.v2f64(<2 x double> %v30, <2 x double> %v26, <2 x double> %v24)
  %v32 = getelementptr double, ptr %arena, i64 128
  %v33 = load <2 x double>, ptr %v32, align 8
  %v34 = getelementptr double, ptr %arena, i64 56
  %v35 = load double, ptr %v34, align 8
  %v36 = insertelement <2 x double> poison, double %v35, i32 0
  %v37 = shufflevector <2 x double> %v36, <2 x double> poison, <2 x i32> zeroinitializer
  %v38 = fmul <2 x double> %v33, %v37
  %v39 = getelementptr double, ptr %arena, i64 136
  %v40 = load <2 x double>, ptr %v39, align 8
  %v41 = fneg <2 x double> %v33
  %v42 = call <2 x double> @llvm.fmuladd.v2f64(<2 x double> %v41, <2 x double> %v37, <2 x double> %v40)
  %v43 = getelementptr double, ptr %arena, i64 80
  %v44 = load double, ptr %v43, align 8
  %v45 = insertelement <2 x double> poison, double %v44, i32 0
  %v46 = shufflevector <2 x double> %v45, <2 x double> poison, <2 x i32> zeroinitializer
  %v47 = fmul <2 x double> %v42, %v46
  %v48 = fneg <2 x double> %v42
  %v49 = call <2 x double> @llvm.fmuladd.v2f64(<2 x double> %v48, <2 x double> %v46, <2 x double> %v31)
  %v50 = getelementptr double, ptr %arena, i64 40
  store <2 x double> %v49, ptr %v50, align 8
  %v51 = getelementptr double, ptr %arena, i64 160
  %v52 = load double, ptr %v51, align 8
  %v53 = getelementptr double, ptr %arena, i64 24
  store double %v52, ptr %v53, align 8
  %v54 = getelementptr double, ptr %arena, i64 72
  %v55 = load <2 x double>, ptr %v54, align 8
  %v56 = getelementptr double, ptr %arena, i64 88
  %v57 = load double, ptr %v56, align 8
  %v58 = insertelement <2 x double> poison, double %v57, i32 0
  %v59 = shufflevector <2 x double> %v58, <2 x double> poison, <2 x i32> zeroinitializer
  %v60 = fmul <2 x double> %v55, %v59
  %v61 = load <2 x double>, ptr %v16, align 8
  %v62 = fneg <2 x double> %v55
  %v63 = call <2 x double> @llvm.fmuladd.v2f64(<2 x double> %v62, <2 x double> %v59, <2 x double> %v61)
  %v64 = getelementptr double, ptr %arena, i64 96
  store <2 x double> %v60, ptr %v64, align 8
  store <2 x double> %v63, ptr %v16, align 8
  %v65 = load <2 x double>, ptr %v64, align 8
  %v66 = load ptr, ptr %table, align 8
  %v67 = load double, ptr %v66, align 8
  %v68 = insertelement <2 x double> poison, double %v67, i32 0
  %v69 = shufflevector <2 x double> %v68, <2 x double> poison, <2 x i32> zeroinitializer
  %v70 = fmul <2 x double> %v65, %v69
  %v71 = load <2 x double>, ptr %arena, align 8
  %v72 = fneg <2 x double> %v65
  %v73 = call <2 x double> @llvm.fmuladd.v2f64(<2 x double> %v72, <2 x double> %v69, <2 x double> %v71)
  %v74 = getelementptr double, ptr %v66, i64 1
  %v75 = load double, ptr %v74, align 8
  %v76 = insertelement <2 x double> poison, double %v75, i32 0
  %v77 = shufflevector <2 x double> %v76, <2 x double> poison, <2 x i32> zeroinitializer
  %v78 = fmul <2 x double> %v65, %v77
  %v79 = load <2 x double>, ptr %v25, align 8
  %v80 = call <2 x double> @llvm.fmuladd.v2f64(<2 x double> %v72, <2 x double> %v77, <2 x double> %v79)
  store <2 x double> %v73, ptr %arena, align 8
  store <2 x double> %v80, ptr %v25, align 8
  ret void
}
define i64 @run(ptr %home, ptr %addresses, ptr %examples, ptr %order, i64 %total, i64 %epoch, i64 %batch, i64 %rounded, ptr %scalars, ptr %errors) #0 {
entry:
  %mode = alloca i32
  %mode.new = alloca i32
  call void @llvm.x86.sse.stmxcsr(ptr %mode)
  %mode.old = load i32, ptr %mode
  %mode.set = or i32 %mode.old, 32832
  store i32 %mode.set, ptr %mode.new
  call void @llvm.x86.sse.ldmxcsr(ptr %mode.new)
  %arena = alloca [3456 x i8], align 64
  %table = alloca [3 x ptr], align 8
  %v1 = getelementptr i8, ptr %home, i64 0
  %v2 = getelementptr i8, ptr %arena, i64 0
  %v3 = load <2 x double>, ptr %v1, align 8
  store <2 x double> %v3, ptr %v2, align 8
  %v4 = getelementptr i8, ptr %home, i64 16
  %v5 = getelementptr i8, ptr %arena, i64 16
  %v6 = load <2 x double>, ptr %v4, align 8
  store <2 x double> %v6, ptr %v5, align 8
  %v7 = getelementptr i8, ptr %home, i64 64
  %v8 = getelementptr i8, ptr %arena, i64 64
  %v9 = load <2 x double>, ptr %v7, align 8
  store <2 x double> %v9, ptr %v8, align 8
  %v10 = getelementptr i8, ptr %home, i64 128
  %v11 = getelementptr i8, ptr %arena, i64 128
  %v12 = load double, ptr %v10, align 8
  store double %v12, ptr %v11, align 8
  %v13 = getelementptr i8, ptr %home, i64 136
  %v14 = getelementptr i8, ptr %arena, i64 136
  %v15 = load double, ptr %v13, align 8
  store double %v15, ptr %v14, align 8
  %v16 = getelementptr i8, ptr %home, i64 192
  %v17 = getelementptr i8, ptr %arena, i64 192
  %v18 = load double, ptr %v16, align 8
  store double %v18, ptr %v17, align 8
  %v19 = getelementptr i8, ptr %home, i64 320
  %v20 = getelementptr i8, ptr %arena, i64 320
  %v21 = load <2 x double>, ptr %v19, align 8
  store <2 x double> %v21, ptr %v20, align 8
  %v22 = add i64 %epoch, -1
  %v23 = add i64 %total, %v22
  %v24 = udiv i64 %v23, %epoch
  %v33 = load ptr, ptr %examples, align 8
  %v38 = getelementptr ptr, ptr %examples, i64 1
  %v39 = load ptr, ptr %v38, align 8
  %v41 = getelementptr ptr, ptr %table, i64 1
  %v43 = load ptr, ptr %scalars, align 8
  %v58 = getelementptr ptr, ptr %table, i64 2
  br label %loop1
loop1:
  %v25 = phi i64 [ 0, %entry ], [ %nextloop1, %endloop2 ]
  %v26 = mul i64 %v25, %epoch
  %v27 = add i64 %v26, %epoch
  %v28 = call i64 @llvm.smin.i64(i64 %v27, i64 %total)
  br label %loop2
loop2:
  %v29 = phi i64 [ %v26, %loop1 ], [ %nextloop2, %endloop3 ]
  %v30 = add i64 %v29, 16
  %v31 = call i64 @llvm.smin.i64(i64 %v30, i64 %v28)
  %v32 = add i64 %v31, -1
  %v34 = getelementptr i64, ptr %order, i64 %v29
  %v35 = load i64, ptr %v34, align 8
  %v36 = mul i64 %v35, 2
  %v37 = getelementptr double, ptr %v33, i64 %v36
  store ptr %v37, ptr %table
  %v40 = getelementptr double, ptr %v39, i64 %v35
  store ptr %v40, ptr %v41
  call void @begin(ptr %arena, ptr %table) alwaysinline
  br label %loop3
loop3:
  %v42 = phi i64 [ %v29, %loop2 ], [ %nextloop3, %on4 ]
  %v44 = getelementptr double, ptr %v43, i64 %v42
  %v45 = load double, ptr %v44, align 8
  %v46 = getelementptr i8, ptr %arena, i64 256
  store double %v45, ptr %v46, align 8
  %v47 = getelementptr i64, ptr %order, i64 %v42
  %v48 = load i64, ptr %v47, align 8
  %v49 = mul i64 %v48, 2
  %v50 = getelementptr double, ptr %v33, i64 %v49
  store ptr %v50, ptr %table
  %v51 = getelementptr double, ptr %v39, i64 %v48
  store ptr %v51, ptr %v41
  %v52 = add i64 %v42, 1
  %v53 = call i64 @llvm.smin.i64(i64 %v52, i64 %v32)
  %v54 = getelementptr i64, ptr %order, i64 %v53
  %v55 = load i64, ptr %v54, align 8
  %v56 = mul i64 %v55, 2
  %v57 = getelementptr double, ptr %v33, i64 %v56
  store ptr %v57, ptr %v58
  call void @forward(ptr %arena, ptr %table) alwaysinline
  %v59 = getelementptr i8, ptr %arena, i64 1152
  %v60 = load double, ptr %v59, align 8
  %v61 = getelementptr double, ptr %errors, i64 %v42
  store double %v60, ptr %v61, align 8
  %v62 = call double @llvm.fabs.f64(double %v60)
  %v63 = fcmp olt double %v62, 0x7FF0000000000000
  br i1 %v63, label %on4, label %off4
off4:
  %v64 = getelementptr i8, ptr %arena, i64 0
  %v65 = getelementptr i8, ptr %home, i64 0
  %v66 = load <2 x double>, ptr %v64, align 8
  store <2 x double> %v66, ptr %v65, align 8
  %v67 = getelementptr i8, ptr %arena, i64 16
  %v68 = getelementptr i8, ptr %home, i64 16
  %v69 = load <2 x double>, ptr %v67, align 8
  store <2 x double> %v69, ptr %v68, align 8
  %v70 = getelementptr i8, ptr %arena, i64 64
  %v71 = getelementptr i8, ptr %home, i64 64
  %v72 = load <2 x double>, ptr %v70, align 8
  store <2 x double> %v72, ptr %v71, align 8
  %v73 = getelementptr i8, ptr %arena, i64 128
  %v74 = getelementptr i8, ptr %home, i64 128
  %v75 = load double, ptr %v73, align 8
  store double %v75, ptr %v74, align 8
  %v76 = getelementptr i8, ptr %arena, i64 136
  %v77 = getelementptr i8, ptr %home, i64 136
  %v78 = load double, ptr %v76, align 8
  store double %v78, ptr %v77, align 8
  %v79 = getelementptr i8, ptr %arena, i64 192
  %v80 = getelementptr i8, ptr %home, i64 192
  %v81 = load double, ptr %v79, align 8
  store double %v81, ptr %v80, align 8
  %v82 = getelementptr i8, ptr %arena, i64 320
  %v83 = getelementptr i8, ptr %home, i64 320
  %v84 = load <2 x double>, ptr %v82, align 8
  store <2 x double> %v84, ptr %v83, align 8
  call void @llvm.x86.sse.ldmxcsr(ptr %mode)
  ret i64 %v42
on4:
  call void @update(ptr %arena, ptr %table) alwaysinline
  %nextloop3 = add i64 %v42, 1
  %againloop3 = icmp slt i64 %nextloop3, %v31
  br i1 %againloop3, label %loop3, label %endloop3
endloop3:
  %nextloop2 = add i64 %v29, 16
  %againloop2 = icmp slt i64 %nextloop2, %v28
  br i1 %againloop2, label %loop2, label %endloop2
endloop2:
  %nextloop1 = add i64 %v25, 1
  %againloop1 = icmp slt i64 %nextloop1, %v24
  br i1 %againloop1, label %loop1, label %endloop1
endloop1:
  %v85 = getelementptr i8, ptr %arena, i64 0
  %v86 = getelementptr i8, ptr %home, i64 0
  %v87 = load <2 x double>, ptr %v85, align 8
  store <2 x double> %v87, ptr %v86, align 8
  %v88 = getelementptr i8, ptr %arena, i64 16
  %v89 = getelementptr i8, ptr %home, i64 16
  %v90 = load <2 x double>, ptr %v88, align 8
  store <2 x double> %v90, ptr %v89, align 8
  %v91 = getelementptr i8, ptr %arena, i64 64
  %v92 = getelementptr i8, ptr %home, i64 64
  %v93 = load <2 x double>, ptr %v91, align 8
  store <2 x double> %v93, ptr %v92, align 8
  %v94 = getelementptr i8, ptr %arena, i64 128
  %v95 = getelementptr i8, ptr %home, i64 128
  %v96 = load double, ptr %v94, align 8
  store double %v96, ptr %v95, align 8
  %v97 = getelementptr i8, ptr %arena, i64 136
  %v98 = getelementptr i8, ptr %home, i64 136
  %v99 = load double, ptr %v97, align 8
  store double %v99, ptr %v98, align 8
  %v100 = getelementptr i8, ptr %arena, i64 192
  %v101 = getelementptr i8, ptr %home, i64 192
  %v102 = load double, ptr %v100, align 8
  store double %v102, ptr %v101, align 8
  %v103 = getelementptr i8, ptr %arena, i64 320
  %v104 = getelementptr i8, ptr %home, i64 320
  %v105 = load <2 x double>, ptr %v103, align 8
  store <2 x double> %v105, ptr %v104, align 8
  call void @llvm.x86.sse.ldmxcsr(ptr %mode)
  ret i64 %total
}
declare <2 x double> @llvm.fmuladd.v2f64(<2 x double>, <2 x double>, <2 x double>)
declare <2 x double> @llvm.fabs.v2f64(<2 x double>)
declare double @llvm.fmuladd.f64(double, double, double)
declare double @llvm.fabs.f64(double)
declare i64 @llvm.smin.i64(i64, i64)
declare void @llvm.x86.sse.stmxcsr(ptr)
declare void @llvm.x86.sse.ldmxcsr(ptr)
attributes #0 = { nounwind "prefer-vector-width"="256" "min-legal-vector-width"="256" "reciprocal-estimates"="vec-divf" }
